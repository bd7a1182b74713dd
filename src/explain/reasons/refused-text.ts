/** Words, or words anywhere before others. One pattern with `.*` between them would be quadratic in the text. */
type Words = RegExp | readonly [before: RegExp, after: RegExp]

/**
 * Texts that are not specific reasons. By 12 CFR 1002.9(b)(2) it is not enough that the action was based on internal standards
 * or policies, or that the applicant failed to achieve a qualifying score. Variants are as unspecific.
 */
const unspecific: readonly Words[] = [
	/\binternal (?:\w+ )?(?:standard|polic|criteri|guideline|rule|requirement|procedure)/,
	/\b(?:our|company|bank|lending|credit|underwriting) (?:\w+ )?(?:standards|polic(?:y|ies)|criteria|guidelines)\b/,
	/\b(?:qualifying|passing|minimum|required|cut ?off|threshold) (?:\w+ )?(?:score|points?|rating)\b/,
	/\b(?:insufficient|inadequate|unsatisfactory|low|lower|poor|bad|weak) (?:(?:credit|risk|total|overall|application|internal|bureau|fico|model) )*(?:score|points|rating)\b/,
	[
		/\b(?:score|points?|rating|scorecard)\b/,
		/\b(?:too low|insufficient|below|beneath|under|not high enough|not enough|not sufficient|inadequate)\b/,
	],
	[
		/\b(?:fail|failed|failure|fails|unable|did not|does not|do not|not)\b/,
		/\b(?:score|points|rating|qualify|qualified)\b/,
	],
	[/\b(?:score|rating|points)\b/, /\b(?:fail|failed|did not|does not)\b/],
	/\b(?:credit )?scoring (?:system|model)\b/,
	/\b(?:algorithm|computer|artificial intelligence|machine learning|automated (?:decision|system)|statistical model)\b/,
	/^(?:other|others|various|unspecified|none|n ?a|see above|declined|denied|rejected|risk|high risk|credit risk)$/,
	// German, French, Spanish, Italian, Dutch
	/\binterne[nrs]? (?:richtlinie|standard|vorgabe|kriteri|norm|regel|vereist|beleid)/,
	[
		/\b(?:score|punktzahl|bonitatswert|scorewert)\b/,
		/\b(?:zu niedrig|zu gering|nicht erreicht|nicht ausreichend|unzureichend)\b/,
	],
	/\b(?:mindestscore|mindestpunktzahl)/,
	/\b(?:normes?|politiques?|criteres?|regles?) internes?\b/,
	/\b(?:normas?|politicas?|criterios?|reglas?) internas?\b/,
	/\b(?:norme|politiche|criteri|regole) intern[ie]\b/,
	[
		/\b(?:score|puntuacion|punteggio|puntaje)\b/,
		/\b(?:insuffisant|trop (?:bas|faible)|insuficiente|(?:demasiado )?baj[oa]|insufficiente|troppo basso|onvoldoende|te laag)\b/,
	],
]

/** Prohibited bases by ECOA and Regulation B (12 CFR 1002.2(z)), in texts; `protectedNames` has names of features. */
const protectedWords: readonly RegExp[] = [
	/\b(?:race|racial|skin color|skin colour|ethnic|ethnicity|religion|religious|national origin|nationality|sex|gender|marital status|married|unmarried|divorced|pregnan(?:t|cy)|public assistance|your age|age of (?:the )?applicant)\b/,
	/\b(?:fe)?males?\b|\bwom[ae]n\b|\b(?:widow(?:ed|er)?|hispanic|latin[oa]s?|african american|immigrants?|too (?:old|young) to)\b/,
	// German, French, Spanish, Italian, Dutch
	/\b(?:geschlecht|rasse|hautfarbe|ethnisch|religio[ns]|glaube|familienstand|nationalitat|staatsangehorigkeit|staatsburgerschaft|lebensalter|ihr alter|schwangerschaft)/,
	/\b(?:sexe|etat civil|situation (?:de famille|matrimoniale)|nationalite|votre age|sexo|raza|estado civil|nacionalidad|su edad)\b/,
	/\b(?:sesso|razza|stato civile|nazionalita|sua eta|geslacht|burgerlijke staat|nationaliteit|uw leeftijd)\b/,
]

/** Without accents and punctuation, which do not change the meaning. */
const plain = (text: string): string =>
	text
		.normalize('NFKD')
		.replaceAll(/\p{M}/gu, '')
		.toLowerCase()
		.replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
		.trim()

function hasWords(text: string, words: Words): boolean {
	if (words instanceof RegExp) return words.test(text)
	const [before, after] = words
	const first = before.exec(text)
	return first !== null && after.test(text.slice(first.index + first[0].length))
}

/** Why a text must not be given as a reason; undefined when it may. */
export function refusedText(text: string): string | undefined {
	const bare = plain(text)
	if (bare === '') return 'says nothing'
	if (unspecific.some((words) => hasWords(bare, words)))
		return 'is not specific: name the fact about the applicant that counted, not the score, the model or internal standards (12 CFR 1002.9(b)(2))'
	if (protectedWords.some((pattern) => pattern.test(bare)))
		return 'names a prohibited basis (12 CFR 1002.2(z))'
	return undefined
}

/** Whole names only: `account_age` is not protected. */
const protectedNames = new Set(
	[
		'age applicantage customerage borrowerage clientage ageyears ageinyears dateofbirth birthdate birthday dob birthyear yearofbirth',
		'sex gender applicantsex applicantgender codegender race ethnicity ethnic ethnicgroup raceethnicity color colour skincolor skincolour',
		'religion creed nationalorigin nationality countryofbirth countryoforigin birthcountry citizenship',
		'marriage maritalstatus married familystatus civilstatus namefamilystatus familialstatus pregnancy pregnant numberofchildren',
		'publicassistance publicassistanceincome welfare receivespublicassistance',
	]
		.join(' ')
		.split(' '),
)

/** Whether a feature is a prohibited basis by its name, in addition to the model's sensitive attributes. */
export const isProtectedName = (feature: string): boolean =>
	protectedNames.has(plain(feature).replaceAll(' ', ''))
