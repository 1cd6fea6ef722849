/** The element of a page that carries data-part="name"; a page without it is a mistake of ours, so it throws. */
export function part<T extends Element = HTMLElement>(root: ParentNode, name: string): T {
  const found = root.querySelector<T>(`[data-part="${name}"]`);
  if (!found) throw new Error(`The page has no part "${name}".`);
  return found;
}

/** The JSON that the server put into the page for a component, already translated. */
export function texts<T>(root: ParentNode): T {
  return JSON.parse(part(root, "texts").textContent ?? "") as T;
}

/** A text with {name} replaced. */
export function fill(text: string, values: Record<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** Whether a key pressed here is meant for a form field, not for the page. */
export function typing(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement;
  return event.ctrlKey || event.metaKey || event.altKey
    || target.closest("input:not([type=checkbox]):not([type=range]), select, textarea, dialog") !== null;
}
