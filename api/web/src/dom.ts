import { part } from "../../../court/page/live.js";

/** The JSON that the server put into the page for a component, already translated. */
export function texts<T>(root: ParentNode): T {
  return JSON.parse(part(root, "texts").textContent ?? "") as T;
}

/** An event stream that is taken up again where the server refused it, too, which a browser does not do by itself. */
export function listen(url: string, opened: (source: EventSource) => void): () => void {
  let source = new EventSource(url);
  opened(source);
  const again = setInterval(() => {
    if (source.readyState !== EventSource.CLOSED) return;
    source = new EventSource(url);
    opened(source);
  }, 3000);
  return () => {
    clearInterval(again);
    source.close();
  };
}

/** A text with {name} replaced. */
export function fill(text: string, values: Record<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}
