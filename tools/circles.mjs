// @ts-check
// Circles of imports: files whose loading waits for each other. Circles of types alone do no harm, and are no edges here.

/** @typedef {{ from: string, to: string, line: number }} Edge of one file to another */

/**
 * One circle for each edge that closes one, in the order in which a walk from the first file finds them.
 * @param {readonly Edge[]} edges
 * @returns {{ edge: Edge, files: string[] }[]} the closing edge, and the circle's files from its target on
 */
export function circlesOf(edges) {
  /** @type {Map<string, Edge[]>} */
  const from = new Map();
  for (const edge of edges) from.set(edge.from, [...(from.get(edge.from) ?? []), edge]);
  const done = new Set();
  /** @type {string[]} */
  const path = [];
  /** @type {{ edge: Edge, files: string[] }[]} */
  const circles = [];
  /** @param {string} file */
  const walk = (file) => {
    path.push(file);
    for (const edge of from.get(file) ?? []) {
      const at = path.indexOf(edge.to);
      if (at >= 0) circles.push({ edge, files: path.slice(at) });
      else if (!done.has(edge.to)) walk(edge.to);
    }
    path.pop();
    done.add(file);
  };
  for (const file of from.keys()) if (!done.has(file)) walk(file);
  return circles;
}
