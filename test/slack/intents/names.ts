/** The models and rules of docs/phrasings.md. */
export const names = {
	models: ['credit-risk', 'fraud-screen', 'churn', 'house-prices', 'pay later'],
	rules: ['feature-drift', 'fairness-gap'],
}
