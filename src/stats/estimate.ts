/** A statistic with its interval. NaN where the data define none: the caller says why. */
export type Estimate = { value: number; low: number; high: number }

export const undefinedEstimate: Estimate = { value: Number.NaN, low: Number.NaN, high: Number.NaN }
