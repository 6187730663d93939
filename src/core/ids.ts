/**
 * Small integers that must not be mixed up. A raw id (a string from a file) becomes an index once, when the
 * data set is read, and an index becomes a token only inside a codec.
 *
 * @module
 */

/** Key of the mark that keeps the indices apart. It exists in types alone. */
export declare const brand: unique symbol;

/** Row of the catalog, 0 … items − 1. */
export type ItemIndex = number & { readonly [brand]?: "ItemIndex" };
/** Row of the user table, 0 … users − 1. */
export type UserIndex = number & { readonly [brand]?: "UserIndex" };
/** Row of the model's embedding table. */
export type TokenId = number & { readonly [brand]?: "TokenId" };

/** Marks an empty place of a slate: the list is shorter than its cutoff. */
export const NO_ITEM = -1;
