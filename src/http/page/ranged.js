// A view with charts over a time range: what stands above and below them is asked for with them.
import {ChartBoard} from "./charts.js";
import {el, fill} from "./dom.js";
import {boundsOf, inQuery, kDefaultRange, rangeBar, rangeOf} from "./ranges.js";

// `ask({from, until})` gives {above, charts, below}, charts as ChartBoard.show() wants them; `hash` is the view's URL
// without its query; `again` asks at once.
export function rangedView(root, {title, hash, query = new URLSearchParams(), again, ask}) {
  let range = rangeOf(query);
  let before = range;
  let isOpen = true;
  let shown = boundsOf(range);  // What the charts span.
  const choose = (make) => {
    const chosen = make(shown);
    if (typeof chosen === "string" || typeof range === "string") before = range;
    range = chosen;
    const more = new URLSearchParams({...withoutRange(query), ...inQuery(range)});
    history.replaceState(null, "", `${hash}${more.size === 0 ? "" : `?${more}`}`);
    again();
  };
  const board = new ChartBoard({
    onzoom: (from, until) => choose(() => ({from, until})),
    onreset: () => choose(() => (typeof before === "string" ? before : kDefaultRange)),
  });
  const parts = {above: el("div"), ranges: el("div"), below: el("div")};
  const refresh = async () => {
    const asked = range;
    const [from, until] = boundsOf(asked);
    const made = await ask(typeof asked === "string" ? {from: asked} : {from, until});
    // Another was chosen meanwhile, and asked for; or nobody looks any more.
    if (asked !== range || !isOpen) return;
    if (!parts.above.isConnected) root.replaceChildren(parts.above, parts.ranges, board.element, parts.below);
    fill(parts.above, made.above);
    shown = [board.show(made.charts, from, until), until];
    const isEmpty = made.charts.length === 0;
    // Where nothing is to be seen, there must be a way back.
    fill(parts.ranges, isEmpty && asked === kDefaultRange ? null : rangeBar(asked, choose, shown),
      isEmpty && asked !== kDefaultRange ? el("p", {class: "quiet"}, "No points in this range.") : null);
    fill(parts.below, made.below);
  };
  const close = () => {
    isOpen = false;
    board.close();
  };
  return {title, refresh, close};
}

function withoutRange(query) {
  return Object.fromEntries([...query].filter(([key]) => !["range", "from", "until"].includes(key)));
}
