import { z } from "zod";

/** A share of a whole, 0 to 1. */
export const share = z.number().min(0).max(1);

/** A whole number of at least 1. */
export const count = z.int().min(1);

/** A number above 0. */
export const positive = z.number().positive();

/** The name of a column, a field or a file. */
export const nameOf = z.string().min(1);
