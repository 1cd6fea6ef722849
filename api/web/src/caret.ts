/** How many whole words of `text` end before the caret; a word that the caret stands in belongs to what follows. */
export function wordsBefore(text: string, caret: number): number {
  const count = text.slice(0, caret).split(/\s+/u).filter(Boolean).length;
  const inWord = /\S$/u.test(text.slice(0, caret)) && /^\S/u.test(text.slice(caret));
  return inWord ? count - 1 : count;
}
