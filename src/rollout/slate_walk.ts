import type { ItemCodec } from "../codec/item_codec.ts";
import { openItems } from "../codec/open_items.ts";
import type { ItemIndex, TokenId } from "../core/ids.ts";

/** A place of a slate where more than one token may follow. */
export interface Decision {
  /** The node of the trie that the item has come to. */
  readonly node: number;
  /** Children of it, by their number, that lead to no item that is left; rising. */
  readonly closed: readonly number[];
}

/** A slate on its way through the trie, token by token. */
export interface SlateWalk {
  /** Items that are complete. */
  readonly picks: readonly ItemIndex[];
  /**
   * What may follow: the one child of the node that is left, by its number, a decision where there are several, or null
   * where no item is left.
   */
  options(): number | Decision | null;
  /** Goes on by a child of the node, by its number. */
  choose(child: number): TokenId;
}

/**
 * A walk that has not begun.
 *
 * @param closed places of the items that may not be picked (`placesOf`)
 */
export function slateWalk({ trie }: Pick<ItemCodec, "trie">, closed: Int32Array): SlateWalk {
  const open = openItems(trie, closed);
  const picks: ItemIndex[] = [];
  let node = trie.root;
  return {
    picks,
    options() {
      const children = trie.children(node);
      if (children.length === 1) return node !== trie.root || open.isOpen(node) ? 0 : null;
      const gone = open.closedChildren(node);
      const left = children.length - gone.length;
      if (left > 1) return { node, closed: gone };
      return left === 0 ? null : children.findIndex((_, child) => !gone.includes(child));
    },
    choose(child) {
      const token = trie.children(node)[child]!;
      node = trie.firstChild(node) + child;
      const item = trie.item(node);
      if (item >= 0) {
        picks.push(item);
        open.take(item);
        node = trie.root;
      }
      return token;
    },
  };
}

/** Whether there is a choice. */
export function isDecision(options: number | Decision | null): options is Decision {
  return typeof options === "object" && options !== null;
}

/** A decision of a slate that is known. */
export interface MadeDecision extends Decision {
  /** Tokens of the slate before it. */
  readonly at: number;
  /** The child that was taken, by its number. */
  readonly child: number;
}

/** The tokens of a slate, and where it was decided; what was forced is left out. */
export function decisionsOf(
  codec: ItemCodec,
  closed: Int32Array,
  picks: Iterable<ItemIndex>,
): { tokens: TokenId[]; decisions: MadeDecision[] } {
  const walk = slateWalk(codec, closed);
  const tokens: TokenId[] = [];
  const decisions: MadeDecision[] = [];
  for (const item of picks) {
    let node = codec.trie.root;
    for (const token of codec.encode(item)) {
      const options = walk.options();
      const next = codec.trie.next(node, token);
      const child = next - codec.trie.firstChild(node);
      if (isDecision(options)) {
        decisions.push({ ...options, at: tokens.length, child });
      }
      walk.choose(child);
      tokens.push(token);
      node = next;
    }
  }
  return { tokens, decisions };
}
