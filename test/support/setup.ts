import fc from 'fast-check'

// The same values every time: a failure says something of the change alone. Another seed looks at others.
fc.configureGlobal({ seed: Number(process.env.FAST_CHECK_SEED ?? 20260301) })
