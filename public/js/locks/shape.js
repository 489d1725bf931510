// Which part of the chains is drawn: a picture of ten thousand threads shows nothing, and one of a lock with three hundred
// waiters shows the same three hundred times. What is left out is counted. Pure.

/** So many of those that wait behind one and the same are drawn; one more is drawn as well where it would be the only one left out. */
export const childrenMost = 12;
export const nodesMost = 300;
/** Nobody follows an arrow further than this. */
export const depthMost = 24;
/** A circle of more than these is drawn with a gap that says how many are in it. */
export const ringMost = 24;

/**
 * `{chains: [{chain, ring, roots}], left: {chains, threads, locks}}`: items of the chains that are drawn, the worst first. An item is
 * `{id, kind, node, children}`; of kind "more" it stands for what is not drawn: `{id, kind, of, threads, locks, behind}`.
 */
export function shapeOf(graph, limit = nodesMost) {
  const chains = [];
  let room = limit;
  for (const chain of graph.chains) {
    // A chain of which only the end would be seen is better left to the table.
    if (room < Math.min(3, chain.nodes.length)) break;
    const shape = chainShape(chain, room);
    room -= shape.count;
    chains.push(shape);
  }
  const shown = new Set(chains.flatMap(({ items }) => items).filter(({ node }) => node).map(({ node }) => node));
  const left = { chains: graph.chains.length - chains.length, threads: 0, locks: 0 };
  for (const node of graph.nodes.values()) if (!shown.has(node)) left[`${node.kind}s`] += 1;
  return { chains, left };
}

function chainShape(chain, room) {
  const ring = ringOf(chain.circle);
  const others = chain.roots.filter((node) => !chain.circle?.ring.includes(node));
  const roots = others.slice(0, childrenMost).map(itemOf);
  if (others.length > roots.length) roots.push(moreOf(chain, others.slice(roots.length)));
  const items = [...ring, ...roots];
  let left = room - items.length;
  // Nearest to the end first: what is far behind is left out where there is no room for all.
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index];
    if (!item.node) continue;
    const all = item.node.children;
    const wanted = item.node.depth >= depthMost ? 0 : all.length <= childrenMost + 1 ? all.length : childrenMost;
    const taken = Math.max(0, Math.min(wanted, left));
    item.children = all.slice(0, taken).map(itemOf);
    left -= taken;
    if (all.length > taken) item.children.push(moreOf(item.node, all.slice(taken)));
    items.push(...item.children);
  }
  return { chain, ring, roots, items, count: room - left };
}

const itemOf = (node) => ({ id: node.id, kind: node.kind, node, children: [] });

function moreOf(of, nodes) {
  return {
    id: `more:${of.id ?? of.key}`, kind: "more", of, children: [],
    threads: nodes.filter(({ kind }) => kind === "thread").length, locks: nodes.filter(({ kind }) => kind === "lock").length,
    behind: nodes.reduce((sum, { threadsBehind }) => sum + threadsBehind, 0),
  };
}

function ringOf(circle) {
  const all = circle?.ring ?? [];
  if (all.length <= ringMost) return all.map(itemOf);
  const drawn = all.slice(0, ringMost - 1);
  return [...drawn.map(itemOf), { ...moreOf(circle, all.slice(drawn.length)), isOfRing: true }];
}
