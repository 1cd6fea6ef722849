import { part } from "../../../court/page/live.js";

/** The JSON that the server put into the page for a component, already translated. */
export function texts<T>(root: ParentNode): T {
  return JSON.parse(part(root, "texts").textContent ?? "") as T;
}

/** A text with {name} replaced. */
export function fill(text: string, values: Record<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}
