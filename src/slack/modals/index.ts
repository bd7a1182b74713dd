import type { Modal } from '../reply.ts'
import { whatIfModal } from './what-if.ts'

/** What buttons open, by action id; the modal's callback id is the same. */
export const modals = { why_what_if: whatIfModal } satisfies Record<string, Modal>
