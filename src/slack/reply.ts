import type { Actor, Context } from '../context.ts'
import type { SlackMessage } from './blocks/text.ts'

/** What a person asked: the words behind the command, or the id that a button carries. */
export type Asked = { actor: Actor; words: readonly string[] }
export type Handler = (context: Context, asked: Asked) => Promise<SlackMessage>
export type SlackCommand = { name: string; usage: string; about: string; answer: Handler }
