/** Whether somebody can see anything of a text: spaces, control and zero-width characters alone are no reason. */
export const isVisible = (text: string): boolean => /[^\p{C}\p{Z}]/u.test(text)
