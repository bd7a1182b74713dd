/** A number with as many digits as one reads: three. */
export const digits = (x: number): string => String(Number(x.toPrecision(3)))
