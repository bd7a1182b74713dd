// The web's own streams, under the name by which csv-parse imports them: wrangler.toml has the alias.
export const { CountQueuingStrategy, TransformStream } = globalThis
