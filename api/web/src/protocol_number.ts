/** At the foot of a protocol's pages, and in the link that they bear. */
export const NUMBER = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-r[1-9][0-9]{0,5}/;
const LINK = new RegExp(`/verify\\?protocol=(${NUMBER.source})`);
const OCTAL = /\\([0-7]{3})/g; // how PDF may write a character of a string (ISO 32000-1, 7.3.4.2)

/** The protocol that a PDF says it is: its pages link to their own number. Empty for what is no PDF, or says none. */
export function numberIn(content: ArrayBuffer): string {
  const text = new TextDecoder("latin1").decode(content);
  if (!text.startsWith("%PDF")) return "";
  return LINK.exec(text.replace(OCTAL, (_, code: string) => String.fromCharCode(parseInt(code, 8))))?.[1] ?? "";
}
