// Who waits for whom on the host: the server's nodes and edges → chains, each with what stands at its end. Pure.

const severities = ["error", "warning", "info"];

export const threadId = ({ pid, tid }) => `thread:${pid}:${tid}`;

/** What tells a lock from all others: a semaphore of a set has an index and no offset. */
export const placeKey = ({ segment, offset, index }) => `${segment} ${offset ?? `#${index}`}`;

/**
 * `{nodes, places, chains, waits}`, the worst chain first. `places` has the locks by the keys of their places.
 *
 * A node is `{id, kind, report, out, into, verdict?, circle?, ringIndex?, chain, root, depth, parent?, parentEdge?, isUnsure?, children,
 * threadsBehind}`. From the end of its chain, or from the circle that it ends in, each is reached over one edge: `parent` is what it
 * waits for or is held by, and `children` wait behind it; `isUnsure` where it is not certain that they do. Edges that close something
 * else are in `out` and `into` only. A chain is `{key, circle?, roots, nodes, waiting, longestMilliseconds, rank}`, and a wait one edge
 * of a thread that waits.
 */
export function graphOf({ nodes: reports = [], edges = [], deadlocks = [], verdicts = [] }) {
  const nodes = new Map(reports.map((report) => [report.id, {
    id: report.id, kind: report.kind, report, out: [], into: [], children: [], depth: 0, threadsBehind: 0,
  }]));
  for (const report of edges) {
    const [from, to] = [nodes.get(report.from), nodes.get(report.to)];
    // An end that nobody told of cannot be drawn; what its lock says of its owner stands in the table.
    if (!from || !to) continue;
    const edge = { key: `${report.from} ${report.relation} ${report.to}`, from, to, report };
    from.out.push(edge);
    to.into.push(edge);
  }
  const places = new Map();
  for (const node of nodes.values()) if (node.kind === "lock") places.set(placeKey(node.report), node);
  for (const verdict of verdicts) {
    const lock = places.get(placeKey(verdict));
    if (lock) lock.verdict = verdict;
  }
  deadlocks.forEach((report, index) => markCircle(report, index, nodes, places));
  const chains = piecesOf(nodes).map(chainOf);
  for (const node of nodes.values()) node.children.sort(inOrder);
  chains.sort((a, b) => a.rank - b.rank || (a.circle?.index ?? 0) - (b.circle?.index ?? 0) || b.longestMilliseconds - a.longestMilliseconds || (a.key < b.key ? -1 : 1));
  return { nodes, places, chains, waits: chains.flatMap(waitsOf) };
}

/** Tells the nodes of a deadlock that they are its: `ring` has threads and locks in turn. Where some are not told of, none is. */
function markCircle(report, index, nodes, places) {
  const ring = report.threads.flatMap((thread, step) => [nodes.get(threadId(thread)), report.locks[step] && places.get(placeKey(report.locks[step]))]);
  // Who waits for several words at once may be of two circles: the second is told in words, and its boxes are drawn as all others.
  if (ring.some((node) => !node || node.circle)) return;
  const circle = { index, key: report.threads.map(threadId).join(" "), report, ring };
  ring.forEach((node, step) => Object.assign(node, { circle, ringIndex: step }));
}

/** Whether an edge is a step of a circle, and not one that leads into it. */
export function isOfCircle({ from, to }) {
  return from.circle !== undefined && to.circle === from.circle && (from.ringIndex + 1) % from.circle.ring.length === to.ringIndex;
}

/** Whether an edge leads to one of several who may have a lock. */
export const isUnsure = ({ report, from }) => report.relation === "heldBy" && from.report.ownerCandidates?.length > 0;

/** What hangs together, whichever way the edges lead. */
function piecesOf(nodes) {
  const seen = new Set();
  const pieces = [];
  for (const begin of nodes.values()) {
    if (seen.has(begin)) continue;
    seen.add(begin);
    const piece = [begin];
    for (let index = 0; index < piece.length; index += 1) {
      for (const next of [...piece[index].out.map(({ to }) => to), ...piece[index].into.map(({ from }) => from)]) {
        if (seen.has(next)) continue;
        seen.add(next);
        piece.push(next);
      }
    }
    pieces.push(piece);
  }
  return pieces;
}

/** One piece, walked from its end against the edges. A chain may be ten thousand long: nothing here calls itself. */
function chainOf(piece) {
  const circle = piece.find((node) => node.circle)?.circle;
  const chain = { circle, roots: [], nodes: [] };
  const reached = new Set();
  const grow = (anchors) => {
    for (const anchor of anchors) {
      if (reached.has(anchor)) continue;
      reached.add(anchor);
      anchor.root = anchor;
      chain.roots.push(anchor);
      chain.nodes.push(anchor);
    }
  };
  if (circle) grow(circle.ring);
  grow(piece.filter((node) => node.out.length === 0).sort((a, b) => a.id < b.id ? -1 : 1));
  let at = 0;
  // Threads that seem to wait for one another, where no second look has shown the same, have no end: one is as good as another.
  for (const spare of [undefined, ...piece]) {
    if (spare) grow([spare]);
    for (; at < chain.nodes.length; at += 1) {
      const node = chain.nodes[at];
      for (const edge of node.into) {
        if (reached.has(edge.from)) continue;
        reached.add(edge.from);
        Object.assign(edge.from, {
          parent: node, parentEdge: edge, root: node.root, depth: node.depth + 1, isUnsure: node.isUnsure || isUnsure(edge),
        });
        node.children.push(edge.from);
        chain.nodes.push(edge.from);
      }
    }
    if (chain.nodes.length === piece.length) break;
  }
  for (const node of chain.nodes.toReversed()) {
    node.chain = chain;
    if (node.parent) node.parent.threadsBehind += node.threadsBehind + (node.kind === "thread" ? 1 : 0);
  }
  chain.key = chain.roots[0].id;
  const waits = chain.nodes.flatMap(({ out }) => out).filter(isWait);
  chain.waiting = new Set(waits.map(({ from }) => from)).size;
  chain.longestMilliseconds = waits.reduce((longest, edge) => Math.max(longest, waited(edge)), 0);
  chain.rank = circle ? 0 : 1 + chain.nodes.reduce((worst, { verdict }) => verdict ? Math.min(worst, rankOf(verdict)) : worst, severities.length);
  return chain;
}

/** A severity that this page has never heard of is no more than worth knowing. */
const rankOf = ({ severity }) => severities.includes(severity) ? severities.indexOf(severity) : severities.length - 1;
const isWait = ({ report }) => report.relation === "waitsFor";
const waited = ({ report }) => report.waitingForMilliseconds ?? 0;

/** Those that others wait behind, then those that have waited longest; numbers last, so that an order stays as it is. */
function inOrder(a, b) {
  return (b.threadsBehind > 0) - (a.threadsBehind > 0) || waited(b.parentEdge) - waited(a.parentEdge)
    || (a.report.pid ?? 0) - (b.report.pid ?? 0) || (a.report.tid ?? 0) - (b.report.tid ?? 0) || (a.id < b.id ? -1 : 1);
}

/** The waits of a chain: those of its circle or of what is nearest to its end first. */
function waitsOf(chain) {
  const found = [];
  const queue = [...chain.roots];
  for (let index = 0; index < queue.length; index += 1) {
    for (const edge of queue[index].out) if (isWait(edge)) found.push(edge);
    for (const child of queue[index].children) queue.push(child);
  }
  return found;
}

/** A node and all that wait behind it, however far. */
export function behind(node) {
  const found = new Set([node]);
  for (const one of found) for (const { from } of one.into) found.add(from);
  return found;
}
