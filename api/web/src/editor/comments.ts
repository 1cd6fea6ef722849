import htmx from "htmx.org";
import { part } from "../../../../court/page/live.js";

/** Shows what others said of the field `now`; what is typed into the form beside it stays. */
export function refreshComments(root: ParentNode, now: HTMLElement): void {
  const said = now.querySelector<HTMLElement>(".comments");
  const shown = said && root.querySelector<HTMLElement>(`#${said.id}`);
  if (!said || !shown || said.dataset["known"] === shown.dataset["known"]) return;
  shown.dataset["known"] = said.dataset["known"];
  shown.querySelector("summary")?.replaceWith(document.importNode(said.querySelector("summary")!, true));
  const list = document.importNode(part(said, "comments"), true);
  part(shown, "comments").replaceWith(list);
  htmx.process(list);
  if ("open" in said.attributes) shown.setAttribute("open", "");
}
