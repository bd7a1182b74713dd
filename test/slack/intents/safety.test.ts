import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { longestText, parseWords } from '../../../src/slack/intents/parse-words.ts'
import { isActing } from '../../../src/slack/intents/vocabulary.ts'
import { names } from './names.ts'

/** Whether words would request an action or create a silence. */
const acts = (text: string): boolean => {
	const meaning = parseWords(text, names)
	return 'intent' in meaning && !('held' in meaning) && isActing(meaning.intent)
}

const orders = fc.constantFrom(
	'roll back credit-risk to 6 because income is in cents',
	'rollback credit-risk because it drifts',
	'please revert churn to 3 because of a bug',
	'promote churn to 5 because the trial went well',
	'deploy fraud-screen 13 because QA is done',
	'retrain churn because it has drifted',
	'silence churn for 2h because we migrate',
	'mute feature-drift for 1 hour because of a backfill',
)

describe('an order in plain words', () => {
	it('is one as it stands, with politeness and a mention before it', () => {
		fc.assert(
			fc.property(
				orders,
				fc.constantFrom(
					'',
					'please ',
					'hey plumbline, ',
					'<@U0PLUMB> ',
					'Could you ',
					'I want to ',
					'OK now ',
				),
				(order, before) => {
					expect(acts(before + order)).toBe(true)
				},
			),
		)
	})

	it.each([
		[
			'negated',
			[
				"don't ",
				'do not ',
				'never ',
				'please don’t ',
				'you must not ',
				'no need to ',
				'avoid to ',
				'cannot ',
			],
		],
		[
			'asked about',
			[
				'should we ',
				'shall I ',
				'can we ',
				'do you think we should ',
				'what if we ',
				'why not ',
				'is it wise to ',
				'when do we ',
				'would it help to ',
				'may I ',
			],
		],
		[
			'conditional or later',
			[
				'if it gets worse, ',
				'unless Ana objects, ',
				'tomorrow ',
				'once approved, ',
				'when the freeze ends, ',
				'maybe ',
				'later ',
				'after lunch ',
			],
		],
		[
			'reported',
			[
				'Ana wants to ',
				'he told me to ',
				'the runbook says ',
				'we will ',
				'they decided to ',
				'let us ',
				"let's ",
				'we should ',
				'we need to ',
				'tell Bob to ',
			],
		],
		['quoted', ['"', '> ', '`', '“', "he wrote '", 'Ana: "']],
	])('is none when it is %s', (_, befores) => {
		fc.assert(
			fc.property(orders, fc.constantFrom(...befores), (order, before) => {
				const end = /["`“']$/.test(before) ? (before.at(-1) as string).replace('“', '”') : ''
				expect(acts(before + order + end)).toBe(false)
			}),
		)
	})

	it.each([
		'?',
		' or not?',
		'. Wait, no.',
		'. Actually don’t.',
		'. What do you think?',
		'!\nForget it',
		'; never mind',
		'. Not now.',
	])('is none when it goes on with "%s"', (after) => {
		fc.assert(
			fc.property(orders, (order) => {
				expect(acts(order + after)).toBe(false)
			}),
		)
	})

	it('is none after another sentence', () => {
		fc.assert(
			fc.property(
				orders,
				fc.constantFrom('The champion is old. ', 'Is it bad? ', 'We talked about it.\n'),
				(order, before) => {
					expect(acts(before + order)).toBe(false)
				},
			),
		)
	})

	it.each([
		'release the notes of churn 5 because I need them',
		'restore the alerts on churn because they matter',
		'undo the silence of churn because it hides too much',
		'deploy the dashboard of churn to production because it is nice',
		'push churn 5 off the roadmap because it is late',
		'revert the threshold of churn to 3 because it is too strict',
		'roll back the rules of churn because they are noisy',
		'train the interns on churn because they are new',
		'roll back credit-risk because it drifts, no wait',
		'roll back credit-risk because it drifts, never mind',
		'roll back credit-risk because it drifts (just kidding)',
		'roll back credit-risk because it drifts - on second thought do not do it',
		'roll back credit-risk because it drifts\nor not',
	])('is none where a word is not understood, or takes it back: %s', (text) => {
		expect(acts(text)).toBe(false)
	})

	it('never names two things at once', () => {
		expect(acts('roll back credit-risk and churn because both drift')).toBe(false)
		expect(acts('roll back and retrain churn because it drifts')).toBe(false)
	})
})

describe('any text', () => {
	const word = fc.constantFrom(
		...'roll back rollback revert promote retrain silence churn credit-risk to 6 v7 for 2h in staging because it drifts not don’t should we who why ? . , " please inc_1 req_2 <@U1> women auc since 30d letter'.split(
			' ',
		),
	)
	it('is read without a fault, and acts only with a verb of its own', () => {
		const verb = /roll|revert|promote|retrain|silence/
		fc.assert(
			fc.property(
				fc.array(word, { maxLength: 40 }).map((w) => w.join(' ')),
				(text) => {
					if (acts(text)) expect(text).toMatch(verb)
				},
			),
			{ numRuns: 2000 },
		)
		fc.assert(
			fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => {
				expect(acts(text)).toBe(false)
			}),
		)
	})

	it.each([
		['one long word', 'a'.repeat(longestText)],
		['many quotes', '"\' '.repeat(longestText / 3)],
		['many misspelt words', 'driftt faair acuracy '.repeat(190)],
		['many verbs', 'roll back '.repeat(400)],
		['many halves of verbs', 'roll switch put '.repeat(250)],
		['many numbers', '12 34 56 v7 '.repeat(330)],
		['many marks of markup', '<@U1> <!here> <#C1|x> :fire: '.repeat(130)],
		['many open brackets', '<'.repeat(longestText)],
		['many reasons', 'because '.repeat(500)],
		['many punctuation marks', '.?!;'.repeat(1000)],
	])('of 4,000 characters is read, whatever it is: %s', (_, text) => {
		expect(text.length).toBeLessThanOrEqual(longestText)
		const many = { ...names, models: Array.from({ length: 2000 }, (_, i) => `model-${i} with-parts_${i}`) }
		expect(() => parseWords(text, many)).not.toThrow()
	})
})
