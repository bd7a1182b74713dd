/** The commands that words can mean. */
export const intents = [
	'help',
	'why',
	'status',
	'drift',
	'bias',
	'performance',
	'incidents',
	'incident',
	'audit',
	'report',
	'rollback',
	'promote',
	'retrain',
	'requests',
	'approve',
	'reject',
	'silence',
	'models',
	'lineage',
] as const
export type Intent = (typeof intents)[number]

/** Intents that change something. They need a verb, a name and a reason, and are never run on a guess. */
export const acting = ['rollback', 'promote', 'retrain', 'silence'] as const
export type Acting = (typeof acting)[number]
export const isActing = (intent: string): intent is Acting => (acting as readonly string[]).includes(intent)

const list = (text: string): string[] => text.split('|').map((phrase) => phrase.trim())

/** Phrases that mean an intent by themselves, and those that support it more or less. */
const cues: Partial<Record<Intent, { strong: string[]; medium?: string[]; weak?: string[] }>> = {
	help: {
		strong: list(
			'help | commands | what can you do | what can i do | what can i ask | how do you work | how do i use | how does this work | who are you | what do you do | what do you know | can you help | help me | what are you | getting started',
		),
		weak: list(
			'hi | hello | hey | hiya | good morning | good afternoon | good evening | morning | evening | yo | ping | thanks | thank you | thx',
		),
	},
	why: {
		strong: list(
			'why | explain | explanation | how come | reasons | reason for | reason behind | reasons behind | what drove | what caused | what made | what led | what explains | on what grounds | turned down | break down | breakdown | counterfactual | counterfactuals',
		),
		weak: list(
			'declined | decline | denied | deny | rejected | refused | refuse | approved | accepted | granted | scored | score | decision | flagged | blocked | justify | rationale | factors | drivers | contributions | shap',
		),
	},
	status: {
		strong: list(
			'status | health | healthy | overview | holding up | up and running | state of | how is it going | how is everything | how are things | everything ok | everything okay | everything fine | everything alright | everything good | all good | all ok | all fine | all well | summary | sitrep | alive | how are the models | how are my models | how are our models | how are all models | doing ok | doing okay | doing well | doing fine | running fine | running ok | running well',
		),
		weak: list(
			'ok | okay | alright | fine | doing | state | running | working | stable | green | red | look | looks | looking',
		),
	},
	drift: {
		strong: list(
			'drift | drifts | drifted | drifting | psi | shifted | shift | shifts | shifting | distribution | distributions | data changed | inputs changed | features changed | data moved | inputs moved | features moved | out of distribution | population | populations | covariate | kolmogorov | like the training data | from the training data | different from training | same as training | still like training',
		),
		weak: list(
			'changed | change | changes | moved | move | different | differ | differs | stable | compare | compared',
		),
		medium: list(
			'inputs | input | features | feature | variables | variable | columns | column | data | baseline | values',
		),
	},
	bias: {
		strong: list(
			'bias | biased | biases | unbiased | fair | fairly | fairness | unfair | unfairly | discriminate | discriminates | discriminating | discriminated | discrimination | discriminatory | disparity | disparities | disparate | four-fifths | four fifths | 4/5 | 80% rule | parity | equal opportunity | adverse impact | protected groups | protected attributes | sexist | racist | ageist | treat women | treats women | treating women | treat men | treating men | treated equally | treat equally | treated the same | equal treatment | selection rate | selection rates | equalized odds | equality | equitable | prejudiced | impact ratio | impact ratios | disadvantage | disadvantages | disadvantaged | favour | favours | favor | favors | gender gap | gender pay | neutral | racism | sexism | ageism',
		),
		medium: list(
			'women | men | woman | man | female | females | male | males | gender | genders | sex | sexes | race | races | racial | ethnicity | ethnic | age | older | younger | elderly | minorities | groups | equally | treat | treats | treated | marital | marriage',
		),
	},
	performance: {
		strong: list(
			'performance | perform | performs | performing | performed | perf | accuracy | accurate | auc | roc | roc_auc | pr_auc | precision | recall | f1 | brier | ece | calibration | calibrated | mae | rmse | mape | r2 | ndcg | ndcg_10 | mrr | log_loss | log loss | error rate | errors | how good | how well | getting worse | got worse | worse | degrade | degraded | degrading | deteriorating | quality | any good | how often | how wrong | how right | precise | imprecise | reliable | unreliable | reliability | trustworthy | error | predictive | do worse | did worse | doing worse | lose accuracy | losing accuracy | metrics | metric | mistakes | predict well | numbers for | numbers of | numbers on',
		),
		medium: list('how did'),
		weak: list(
			'good | bad | better | predict | predicts | predicting | predictions | numbers | number | right | wrong | job | trend | useful',
		),
	},
	incidents: {
		strong: list(
			'incidents | on fire | fire | burning | alerts | alert | alerting | alarms | alarm | firing | broken | breaking | broke | problems | problem | issues | issue | failing | failed | fails | fires | red flags | red flag | what is up | go wrong | goes wrong | going wrong | is open | open right now | broke down | outages | outage | down | whats wrong | what is wrong | anything wrong | something wrong | is wrong | went wrong | gone wrong | trouble | emergencies | emergency | should i worry | worry about | worried about | need attention | needs attention | need my attention | needs my attention | going on',
		),
		medium: list('incident'),
		weak: list('open | unresolved | wrong | critical | happening | ongoing | urgent | red'),
	},
	audit: {
		strong: list(
			'audit | audits | audited | auditing | audit trail | audit log | ledger | history | change log | changelog | access log | activity | trail | logbook | last changed | last retrained | last rolled | last promoted | last deployed | last updated | what happened to | has anybody | has anyone | has somebody | has someone | did anybody | did anyone | did somebody | did someone | who',
		),
		weak: list('log | changes | entries | touched | recorded | records | happened | changed by'),
	},
	report: {
		strong: list(
			'report | reports | letter | notice | adverse action | adverse-action | write-up | write up | writeup | document | documentation | pdf | dossier | model card',
		),
	},
	requests: {
		strong: list(
			'requests | request | pending approval | pending approvals | approvals | waiting for me | waiting on me | waits for me | waiting for my | waiting on my | to approve | to sign | to review | sign off | sign-off | need approval | needs approval | need my approval | needs my approval | need my vote | needs my vote | awaiting | my queue | my approval | my vote | needs approving | need approving | left to decide | my inbox | need me | needs me | anything waiting | what is pending | outstanding approvals | approvals outstanding',
		),
		weak: list('pending | waiting | approval | outstanding'),
	},
	models: {
		strong: list(
			'models | which version | what version | which versions | which models | what models | list models | all models | every model | all the models | my models | our models | list of models | model list | model inventory | inventory | models do',
		),
		weak: list('monitor | monitored | watch | registered'),
	},
	lineage: {
		strong: list(
			'lineage | provenance | come from | comes from | came from | coming from | trained on | trained with | trained by | training data | training set | training run | training code | origin | origins | which run | what run | which commit | what commit | which code | what code | which pipeline | built from | made from | built with | dataset | data set | which data | what data | pedigree | ancestry | traceability | trace',
		),
		weak: list('commit | trained | run | source | sources | produced | built'),
	},
}

/** Phrases by their words, with the intents that they mean. */
export const phrases: ReadonlyMap<string, readonly { intent: Intent; weight: number }[]> = (() => {
	const all = new Map<string, { intent: Intent; weight: number }[]>()
	const add = (phrase: string, intent: Intent, weight: number) =>
		all.set(phrase, [...(all.get(phrase) ?? []), { intent, weight }])
	for (const [intent, { strong, medium = [], weak = [] }] of Object.entries(cues)) {
		for (const phrase of strong) add(phrase, intent as Intent, 3)
		for (const phrase of medium) add(phrase, intent as Intent, 2)
		for (const phrase of weak) add(phrase, intent as Intent, 1)
	}
	return all
})()

/** The longest phrase, in words. */
export const longestPhrase = 4

/** Verbs of acting intents, as they begin a sentence. `…`: words may stand between. */
export const verbs: readonly { phrase: string[]; then?: string; intent: Acting }[] = (
	[
		['rollback', 'rollback'],
		['roll-back', 'rollback'],
		['roll … back', 'rollback'],
		['rolling … back', 'rollback'],
		['revert', 'rollback'],
		['reverting', 'rollback'],
		['go back to', 'rollback'],
		['going back to', 'rollback'],
		['put … back', 'rollback'],
		['take … back', 'rollback'],
		['bring … back', 'rollback'],
		['switch … back', 'rollback'],
		['move … back', 'rollback'],
		['set … back', 'rollback'],
		['back out', 'rollback'],
		['restore', 'rollback'],
		['undo', 'rollback'],
		['request a rollback of', 'rollback'],
		['request the rollback of', 'rollback'],
		['request rollback of', 'rollback'],
		['start a rollback of', 'rollback'],
		['trigger a rollback of', 'rollback'],
		['request a promotion of', 'promote'],
		['request the promotion of', 'promote'],
		['request a retraining of', 'retrain'],
		['request the retraining of', 'retrain'],
		['downgrade', 'rollback'],
		['promote', 'promote'],
		['promoting', 'promote'],
		['make … champion', 'promote'],
		['make … live', 'promote'],
		['ship', 'promote'],
		['shipping', 'promote'],
		['release', 'promote'],
		['deploy', 'promote'],
		['deploying', 'promote'],
		['roll out', 'promote'],
		['roll … out', 'promote'],
		['go live with', 'promote'],
		['push', 'promote'],
		['upgrade', 'promote'],
		['put … live', 'promote'],
		['put … into production', 'promote'],
		['put … in production', 'promote'],
		['retrain', 'retrain'],
		['re-train', 'retrain'],
		['retraining', 'retrain'],
		['refit', 'retrain'],
		['train … again', 'retrain'],
		['train … anew', 'retrain'],
		['train a new', 'retrain'],
		['train', 'retrain'],
		['kick off a retraining', 'retrain'],
		['start a retraining', 'retrain'],
		['trigger a retraining', 'retrain'],
		['silence', 'silence'],
		['silencing', 'silence'],
		['mute', 'silence'],
		['muting', 'silence'],
		['snooze', 'silence'],
		['suppress', 'silence'],
		['hush', 'silence'],
		['quiet', 'silence'],
		['pause alerts', 'silence'],
		['pause … alerts', 'silence'],
		['stop alerting', 'silence'],
		['stop alerts', 'silence'],
		['stop … alerts', 'silence'],
		['stop … alerting', 'silence'],
		['turn off alerts', 'silence'],
		['shut up', 'silence'],
		['switch … to', 'rollback'],
		['switch … to', 'promote'],
		['move … to version', 'rollback'],
		['move … to version', 'promote'],
	] as const
).map(([phrase, intent]) => {
	const [before = '', then] = phrase.split(' … ')
	return { phrase: before.split(' '), ...(then === undefined ? {} : { then }), intent }
})

/** Words of an action that is in the past, is talked about, or is a thing. */
export const mentions: ReadonlyMap<string, Acting> = new Map([
	...list('rollbacks | rolled | reverted | reverting | restored | undone').map(
		(w) => [w, 'rollback'] as const,
	),
	...list('promoted | promotion | promotions | shipped | deployed | deployment | released').map(
		(w) => [w, 'promote'] as const,
	),
	...list('retrained | retrains | retraining | refitted').map((w) => [w, 'retrain'] as const),
	...list('silenced | muted | snoozed | suppressed | silences').map((w) => [w, 'silence'] as const),
])

/** What people say before an order, which changes nothing about it. */
export const polite: readonly string[][] = list(
	'please | pls | plz | kindly | hey | hi | hello | ok | okay | so | well | now | then | and | just | go ahead and | go ahead | can you | could you | would you | will you | can u | could u | would you mind | do you mind | i want to | i want you to | i would like to | i would like you to | id like to | id like you to | i need you to | i wish to | plumbline | plumb | bot | team | thanks | yes | good morning | morning',
).map((phrase) => phrase.split(' '))

/** Words that keep an order from being one. */
export const negations: ReadonlySet<string> = new Set(
	list(
		'dont | do not | not | never | no | without | avoid | cannot | cant | shouldnt | wont | wouldnt | neither | nor | nobody | cancel | abort | refrain | instead | rather | hold | wait | stop | prevent | forget | nevermind',
	),
)
/** Words that make an order depend on something, or move it to another time. */
export const conditions: ReadonlySet<string> = new Set(
	list(
		'if | unless | when | whenever | once | until | till | before | after | in case | provided | assuming | tomorrow | tonight | later | soon | eventually | maybe | perhaps | might | should | shall | must | may',
	),
)

/** Words without a meaning of their own for the parser; a typing error is not looked for in them. */
export const plainWords: ReadonlySet<string> = new Set(
	`a an the this that these those it its is are was were be been being am do does did done has have had having can could will would
	shall should may might must to of for on in at by with from into about over under between and or but so as than then there here
	i me my mine we us our you your he she they them their his her him who whom whose which what when where why how any anything some something
	all every everything each none no not never yes please pls plz thanks thank thx just now right currently today yesterday tomorrow still
	again ever also too very much many more less last past next this week weeks month months day days hour hours minute minutes year years quarter
	give show tell get see look find list let want need like know think please make take put go going come way lot bit quick quickly
	model models version versions one two three four five six seven eight nine ten new old current previous same other another since because
	up down out off back only really actually kind sort thing things people person applicant applicants customer customers application
	loan case prediction requests team everyone someone anybody everybody morning evening afternoon night hello hey out want wants
	first second third best better great work works working use used using happen happened happening
	production staging prod test dev development canary shadow environment because after before until during per via mind mean means
	monday tuesday wednesday thursday friday saturday sunday january february march april june july august september october november december
	half couple few several whole long short high low higher lower big small large latest newest oldest recent recently ago
	against toward towards behind above below regarding concerning around without within if unless whether while though although
	kindly could've would've having got gets getting keep kept try trying tried ask asked say said says tells told wonder wondering
	interested check checking checked curious possible sense possible able ready sure maybe perhaps question questions answer weather pizza order
	quite pretty rather exist exists existed`
		.split(/\s+/)
		.filter((w) => w !== ''),
)
