/** A version of a model in an environment: its predictions are summarised together. */
export type SeriesRef = { model: string; version: string; environment: string }
