import { AppError } from '../core/errors.ts'

/** Ids are too many to be searched for a similar one. */
export const notLogged = (model: string, predictionId: string): AppError =>
	new AppError(
		'not-found',
		`No prediction "${predictionId}" is logged for ${model}. Its id may be mistyped, or it was never sent.`,
	)
