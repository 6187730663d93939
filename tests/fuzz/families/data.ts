import fc from "fast-check";
import type { DataOptions } from "../../../src/data/options.ts";
import { readDataset } from "../../../src/data/read_dataset.ts";
import { type Family, type Parts, writeParts } from "../family.ts";
import { asBytes, spoiled } from "../spoiled_text.ts";
import { spoiledJson } from "../spoiled_value.ts";

const MOVIES_CSV = 'movieId,title,genres\n31,"Heat, ""again""",Crime|Drama\n32,Ran,(no genres listed)\n';

/** Files of each reader that are right, by name. */
const RIGHT: Readonly<
  Record<string, { options: Omit<DataOptions, "folder" | "minRating" | "kCore">; files: Parts }>
> = {
  "read-table-csv": {
    options: { reader: "table", items: "items.csv", users: "users.csv" },
    files: {
      "interactions.csv": "user,item,rating,timestamp\r\nann,tea,4,9\r\nbob,tea,3.5,8\r\nann,cake,5,10\r\n",
      "items.csv": 'item,title,categories,features\ntea,"Tea, green",hot|drink,1|2\ncake,Cake,sweet,3|4\n',
      "users.csv": "user,town\nann,Oslo\nbob,Rome\n",
    },
  },
  "read-table-jsonl": {
    options: { reader: "table", interactions: "log.jsonl", items: "items.jsonl" },
    files: {
      "log.jsonl":
        '{"user":"ann","item":7,"rating":4,"timestamp":9}\n{"user":"bob","item":"8","rating":1,"timestamp":2}\n',
      "items.jsonl":
        '{"item":7,"title":"Tea","categories":["a","b"],"features":[1,2]}\n{"item":"8","title":null}\n',
    },
  },
  "read-table-tsv": {
    options: { reader: "table", interactions: "log.tsv", columns: { user: "who", item: "what" } },
    files: { "log.tsv": 'who\twhat\nann\ttea\nbob\t"c\tk"\n' },
  },
  "read-double-colon": {
    options: { reader: "ml-1m" },
    files: {
      "ratings.dat": "1::114508::8::1381006850\n2::208092::5::1586466072\n",
      "movies.dat": "114508::Species (1995)::Horror|Sci-Fi\n208092::Snatch (2000)::Crime\n",
      "users.dat": "1::F::1::10::48067\n2::M::56::16::70072\n",
    },
  },
  "read-tweetings": {
    options: { reader: "movietweetings" },
    files: {
      "ratings.dat": "1::0114508::8::1381006850\n",
      "movies.dat": "0114508::Species (1995)::Horror\n",
    },
  },
  "read-movielens-csv": {
    options: { reader: "movielens-csv" },
    files: {
      "ratings.csv": "userId,movieId,rating,timestamp\n1,31,2.5,9\n2,32,3,10\n",
      "movies.csv": MOVIES_CSV,
    },
  },
  "read-movielens-100k": {
    options: { reader: "movielens-100k" },
    files: {
      "u.data": "196\t242\t3\t881250949\n186\t302\t3\t891717742\n",
      "u.item": `242|Kolya (1996)|24-Jan-1997||http://a|${"0|".repeat(18)}1\n`,
      "u.user": "196|49|M|writer|55105\n",
    },
  },
  "read-recbole": {
    options: { reader: "recbole", name: "toy" },
    files: {
      "toy.inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\nu\ti\t3\t9\nv\tj\t4\t10\n",
      "toy.item": "item_id:token\tmovie_title:token_seq\tclass:token_seq\ni\tToy Story\tAnimation Comedy\n",
      "toy.user": "user_id:token\tage:token\tgender:token\nu\t24\tM\n",
    },
  },
  "read-minionerec": {
    options: { reader: "minionerec" },
    files: {
      "train/toys.csv":
        "user_id,history_item_id,item_id,history_item_title,item_title,history_rating,rating,history_timestamp,timestamp\n" +
        'ann,"[7, 9]",8,"[\'Bear\', ""Ann\'s train""]",Doll,"[5.0, 4]",3,"[1, 2]",3\n',
      "valid/toys.csv": 'user_id,history_item_id,item_id\nann,"[7, 8]",9\n',
      "test/toys.csv": "user_id,history_item_id,item_id\nbob,['7'],8\n",
      "info/toys.txt": "Bear\t7\n<a_1><b_2>\tDoll\t8\nAnn's train\t9\n",
    },
  },
};

const ROWS = [
  { instruction: "Recommend", input: 'Seen before: "Heat", "Ran"', output: '"Solo"\n' },
  { instruction: "Recommend", input: '"A "quoted" one", "Heat"', output: "Ran" },
];

const TITLES = { "0": "Heat", "1": "Solo", "2": "Ran", "3": 'A "quoted" one' };

/** One of the files spoiled, sometimes all. */
function filesOf(right: Parts): fc.Arbitrary<Parts> {
  const names = Object.keys(right);
  const spoiledFiles = fc.record(
    Object.fromEntries(names.map((name) => [name, asBytes(spoiled(right[name] as string))])),
  );
  return fc.tuple(fc.nat(2 * names.length), spoiledFiles).map(([which, all]) =>
    which >= 2 * names.length
      ? all
      : { ...right, [names[which % names.length]!]: all[names[which % names.length]!]! }
  );
}

const bigrec = fc.tuple(
  fc.nat(4),
  asBytes(fc.oneof(spoiledJson(ROWS), spoiled(JSON.stringify(ROWS, null, 1)))),
  asBytes(spoiledJson(TITLES)),
  asBytes(spoiledJson({ Heat: ["crime", "drama"], Ran: [] })),
  asBytes(spoiled('0::Heat::Crime\n1::Solo::Drama\n2::Ran::War|Drama\n3::A "quoted" one::\n')),
).map(([which, rows, titles, genres, movies]): Parts => {
  const right = JSON.stringify(ROWS);
  return {
    "train.json": which < 2 ? rows : right,
    "valid.json": right,
    "test_5000.json": which === 1 ? rows : right,
    ...(which === 4
      ? { "movies.dat": movies }
      : { "id2name.json": which === 2 ? titles : JSON.stringify(TITLES) }),
    ...(which === 3 ? { "name2genre.json": genres } : {}),
  };
});

/** Every reader of data sets, on folders of files. */
export const DATA_FAMILIES: readonly Family[] = [
  ...Object.entries(RIGHT).map(([name, { options, files }]): Family => ({
    name,
    inputs: filesOf(files),
    async run(parts, folder) {
      writeParts(parts, folder);
      await readDataset({ ...options, folder, minRating: null, kCore: 0 });
    },
  })),
  {
    name: "read-bigrec",
    inputs: bigrec,
    async run(parts, folder) {
      writeParts(parts, folder);
      const common = { reader: "bigrec", folder, minRating: null, kCore: 0 } as const;
      await readDataset(common).catch((error) => {
        if (!/data.unlisted/.test(error.message)) throw error;
        return readDataset({ ...common, unlisted: "add" });
      });
    },
  },
];
