// A logarithmic grid, as in DDSketch (Masson, Rim and Lee, VLDB 2019): every bucket within 1% of its values, the
// same for all models, so that counts of any two windows add.
const gamma = 1.01 / 0.99
const logGamma = Math.log(gamma)
const smallestMs = 0.001

/** The bucket of a latency in ms; 0 holds everything up to a microsecond. */
export const latencyBucket = (ms: number): number =>
	ms <= smallestMs ? 0 : Math.max(1, Math.ceil(Math.log(ms / smallestMs) / logGamma))

/** A value within 1% of every latency in the bucket, in ms. */
export const latencyOfBucket = (bucket: number): number =>
	bucket === 0 ? 0 : (2 * smallestMs * gamma ** bucket) / (gamma + 1)
