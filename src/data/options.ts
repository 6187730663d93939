/** Which reader understands the files of a folder. */
export type ReaderKind =
  | "fixture"
  | "movietweetings"
  | "ml-1m"
  | "movielens-csv"
  | "movielens-100k"
  | "recbole"
  | "table"
  | "bigrec"
  | "minionerec";

/** How the reader `table` splits a file: by comma, by tab (both quoted as RFC 4180 says), or one JSON object a line. */
export type TableFormat = "csv" | "tsv" | "jsonl";

/** Which interactions to read, and which of them to keep. */
export interface DataOptions {
  /** Which files to look for, and how to split them. */
  readonly reader: ReaderKind;
  /** Where the files lie, relative to the working folder. */
  readonly folder: string;

  /** Reader `table`: file names within `folder`. `interactions` defaults to the only file named `interactions.*`. */
  readonly interactions?: string;
  /** Reader `table`: titles and categories; without it an item has its id alone. */
  readonly items?: string;
  /** Reader `table`: user groups. */
  readonly users?: string;
  /** Reader `table`: default by the ending of each file's name. */
  readonly format?: TableFormat;
  /** Reader `table`: the column of each part. Default: `user`, `item`, and `rating`, `timestamp` where the file has them. */
  readonly columns?: {
    readonly user: string;
    readonly item: string;
    readonly rating?: string;
    readonly timestamp?: string;
  };
  /** Reader `table`: default `item`, and `title`, `categories` where the file has them, categories separated by `|`. */
  readonly itemColumns?: {
    readonly item: string;
    readonly title?: string;
    readonly categories?: string;
    readonly categorySeparator?: string;
    /** Numbers of the item, as its price, separated like the categories; by default `features` where the file has it. */
    readonly features?: string;
  };
  /** Reader `table`: default `user`, and every other column as a group. */
  readonly userColumns?: { readonly user: string; readonly groups?: readonly string[] };

  /** Reader `recbole`: file name before `.inter`; `minionerec`: before `.csv`. Default: the only such file. */
  readonly name?: string;
  /** Reader `recbole`: field names without their types; default `user_id`, `item_id`, `rating`, `timestamp`. */
  readonly fields?: {
    readonly user?: string;
    readonly item?: string;
    readonly rating?: string;
    readonly timestamp?: string;
    readonly title?: string;
    readonly categories?: string;
  };

  /** Readers `bigrec`, `minionerec`: files within `folder`, by default found by their usual names. */
  readonly files?: {
    readonly train?: string;
    readonly validation?: string;
    readonly test?: string;
    /** The list of the items with their ids. */
    readonly items?: string;
    /** `bigrec`: one JSON object of title → list of categories. */
    readonly categories?: string;
  };

  /** Reader `bigrec`: what becomes of titles in rows that the item list lacks. Default `refuse`. */
  readonly unlisted?: "refuse" | "add";

  /** Keep interactions rated at least so; null keeps all and asks for no rating. */
  readonly minRating: number | null;
  /** Keep users and items with at least so many interactions, repeated until it holds for all; 0 and 1 keep all. */
  readonly kCore: number;
}

/** How interactions become train, validation and test. */
export interface SplitOptions {
  /** By each user's last interactions, by one moment for all, or as the files have it. */
  readonly split: "leave-last-out" | "global-time" | "given";
  /** Items of a context's history that the model is given, counted from the newest. */
  readonly maxHistory: number;
  /** `global-time`: share of all interactions, by time, before those of test. Default 0.1. */
  readonly validationShare?: number;
  /** `global-time`: share of all interactions, the newest. Default 0.1. */
  readonly testShare?: number;
}
