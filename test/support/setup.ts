import fc from 'fast-check'

// In CI a run says something of the change alone; elsewhere every run looks at other values.
if (process.env.CI) fc.configureGlobal({ seed: 20260301 })
