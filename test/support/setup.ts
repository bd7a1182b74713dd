import fc from 'fast-check'

// Whether the tests were started by npx must not show in what commands say.
delete process.env.npm_command

// The same values every time: a failure says something of the change alone. Another seed looks at others.
fc.configureGlobal({ seed: Number(process.env.FAST_CHECK_SEED ?? 20260301) })
