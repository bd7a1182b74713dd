/** The models, attributes and rules of docs/phrasings.md. */
export const names = {
	models: ['credit-risk', 'fraud-screen', 'churn', 'house-prices', 'pay later'],
	attributes: ['EDUCATION'],
	rules: ['feature-drift', 'fairness-gap'],
}
