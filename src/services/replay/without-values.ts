/** Why a replay was not possible, without what it quotes of a person: values stand behind the first colon. */
export const withoutValues = (reason: string): string => reason.split(':', 1)[0] as string
