/** A number with three significant digits. */
export const digits = (x: number): string => String(Number(x.toPrecision(3)))
