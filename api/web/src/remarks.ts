const EVENTS = ["courtrec:protocol-remarks", "courtrec:protocol-draft"]; // a signed protocol is what remarks are made on

/** `<courtrec-remarks>`: shows what others file and decide, and leaves alone whatever somebody is writing here. */
export class RemarksElement extends HTMLElement {
  connectedCallback(): void {
    for (const name of EVENTS) document.body.addEventListener(name, this.#refresh);
  }

  disconnectedCallback(): void {
    for (const name of EVENTS) document.body.removeEventListener(name, this.#refresh);
  }

  #refresh = async (): Promise<void> => {
    const answer = await fetch(this.dataset["url"] ?? "", { headers: { Accept: "text/html" } }).catch(() => undefined);
    if (!answer?.ok) return; // the next change brings it
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const [now, shown] = [page, this].map((one) => one.querySelector("[data-part=remarks]"));
    if (now && shown) renew(shown, now);
    else if (now) this.replaceChildren(...document.importNode(page.querySelector(this.localName) as Element, true).childNodes);
  };
}

/** Puts the remarks of `now` in the place of those `shown`, but for those in which something is written or focused. */
function renew(shown: Element, now: Element): void {
  const kept = new Map([...shown.children].map((one) => [one.id, one]));
  for (const fresh of now.children) {
    const old = kept.get(fresh.id);
    kept.delete(fresh.id);
    if (!old) shown.append(document.importNode(fresh, true));
    else if (!inUse(old)) old.replaceWith(document.importNode(fresh, true));
  }
  for (const gone of kept.values()) if (!inUse(gone)) gone.remove();
}

function inUse(remark: Element): boolean {
  const texts = [...remark.querySelectorAll("textarea")];
  return remark.contains(document.activeElement) || texts.some((one) => one.value !== one.defaultValue);
}
