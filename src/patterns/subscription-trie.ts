/**
 * Subscriptions by topic prefix, for many holders: a compressed trie (radix tree).
 *
 *     ""──"foot"──"ball"  {pipe 1}          a node's label is the part of the topic that its parent does not have;
 *             └───"note"  {pipe 2}          holders sit at the node where their topic ends
 *
 * A holder is a pipe (XPUB: each topic at most once per pipe) or the socket itself (XSUB: a count per topic). The
 * number of nodes is at most twice the number of topics, whatever their length: a peer's long topics cost their bytes,
 * not a node per byte.
 * Invariants: no node but the root has neither holders nor two children; a label is never empty but at the root; a node
 * with holders keeps its identity until its last holder is removed, so holders may remember it.
 */
import { concat, copyBytes } from "../base/bytes.ts";
import type { Frame } from "../core/message.ts";
import { TopicHolders } from "./topic-holders.ts";

/** Where a topic ends. */
export interface TopicNode<Holder> {
  label: Uint8Array;
  parent: TopicNode<Holder> | null;
  /** Holders of exactly this topic, with their counts. */
  holders: TopicHolders<Holder> | null;
  children: Map<number, TopicNode<Holder>> | null;
}

export class SubscriptionTrie<Holder> {
  #root: TopicNode<Holder> = { label: new Uint8Array(0), parent: null, holders: null, children: null };
  #topics = 0;

  /** Distinct topics. */
  get topics(): number {
    return this.#topics;
  }

  /** Counts a subscription of `holder`; the topic is copied. `holder`'s count is then in the node's holders. */
  add(topic: Frame, holder: Holder): TopicNode<Holder> {
    const node = this.#insert(topic);
    if (node.holders === null) {
      node.holders = new TopicHolders();
      this.#topics++;
    }
    node.holders.add(holder);
    return node;
  }

  /** The node of exactly this topic, if anybody holds it. */
  find(topic: Frame): TopicNode<Holder> | undefined {
    let node = this.#root;
    for (let at = 0; at < topic.length; at += node.label.length) {
      const child: TopicNode<Holder> | undefined = node.children?.get(topic[at]);
      if (child === undefined || !startsWith(topic, at, child.label)) return undefined;
      node = child;
    }
    return node.holders === null ? undefined : node;
  }

  /** Takes back one subscription of `holder`; returns the count it has left. The node must be one that it holds. */
  remove(node: TopicNode<Holder>, holder: Holder): number {
    const holders = node.holders as TopicHolders<Holder>;
    const left = holders.remove(holder);
    if (holders.size === 0) {
      node.holders = null;
      this.#topics--;
      prune(node);
    }
    return left;
  }

  /** Calls back for each holder of a prefix of `data`, once per topic that matches. */
  match(data: Frame, onHolder: (holder: Holder) => void): void {
    let node: TopicNode<Holder> | undefined = this.#root;
    let at = 0;
    for (;;) {
      if (node.holders !== null) node.holders.each(onHolder);
      if (at === data.length) return;
      node = node.children?.get(data[at]);
      if (node === undefined || !startsWith(data, at, node.label)) return;
      at += node.label.length;
    }
  }

  /** Whether a prefix of `data` is held by anybody. */
  matches(data: Frame): boolean {
    let node: TopicNode<Holder> | undefined = this.#root;
    let at = 0;
    for (;;) {
      if (node.holders !== null) return true;
      if (at === data.length) return false;
      node = node.children?.get(data[at]);
      if (node === undefined || !startsWith(data, at, node.label)) return false;
      at += node.label.length;
    }
  }

  /** Every topic that is held, once; the arrays are copies. */
  *all(): Generator<Uint8Array> {
    const stack = [this.#root];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (node.holders !== null) yield topicOf(node);
      if (node.children !== null) stack.push(...[...node.children.values()].reverse());
    }
  }

  #insert(topic: Frame): TopicNode<Holder> {
    let node = this.#root;
    let at = 0;
    while (at < topic.length) {
      node.children ??= new Map();
      const child = node.children.get(topic[at]);
      if (child === undefined) {
        const leaf: TopicNode<Holder> = {
          label: copyBytes(topic, at),
          parent: node,
          holders: null,
          children: null,
        };
        node.children.set(topic[at], leaf);
        return leaf;
      }
      const common = commonLength(topic, at, child.label);
      node = common < child.label.length ? split(child, common) : child;
      at += common;
    }
    return node;
  }
}

/** The whole topic that ends at a node, in memory of its own. */
export function topicOf<Holder>(node: TopicNode<Holder>): Uint8Array {
  const labels: Uint8Array[] = [];
  let length = 0;
  for (let each: TopicNode<Holder> | null = node; each !== null; each = each.parent) {
    labels.push(each.label);
    length += each.label.length;
  }
  return concat(labels.reverse(), length);
}

// Puts a node between a child and its parent where the child's label is cut.
function split<Holder>(child: TopicNode<Holder>, at: number): TopicNode<Holder> {
  const upper: TopicNode<Holder> = {
    label: child.label.slice(0, at),
    parent: child.parent,
    holders: null,
    children: new Map(),
  };
  child.label = child.label.slice(at);
  child.parent = upper;
  upper.children?.set(child.label[0], child);
  upper.parent?.children?.set(upper.label[0], upper);
  return upper;
}

// Removes nodes that no topic needs any more, upwards, and joins a lone child with its parent.
function prune<Holder>(from: TopicNode<Holder>): void {
  for (let node = from; node.parent !== null && node.holders === null; node = node.parent) {
    const siblings = node.parent.children as Map<number, TopicNode<Holder>>;
    const [only, another] = node.children?.values() ?? [];
    if (another !== undefined) return;
    if (only !== undefined) {
      only.label = concat([node.label, only.label], node.label.length + only.label.length);
      only.parent = node.parent;
      siblings.set(only.label[0], only);
      return;
    }
    siblings.delete(node.label[0]);
  }
}

function commonLength(topic: Uint8Array, at: number, label: Uint8Array): number {
  const end = Math.min(topic.length - at, label.length);
  let i = 0;
  while (i < end && topic[at + i] === label[i]) i++;
  return i;
}

function startsWith(data: Uint8Array, at: number, label: Uint8Array): boolean {
  return data.length - at >= label.length && commonLength(data, at, label) === label.length;
}
