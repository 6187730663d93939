import coverage from "../../plugins/coverage.ts";
import hitRate from "../../plugins/hit-rate.ts";
import ild from "../../plugins/ild.ts";
import map from "../../plugins/map.ts";
import mguList from "../../plugins/mgu-list.ts";
import mgu from "../../plugins/mgu.ts";
import mrr from "../../plugins/mrr.ts";
import ndcg from "../../plugins/ndcg.ts";
import novelty from "../../plugins/novelty.ts";
import popularity from "../../plugins/popularity.ts";
import precision from "../../plugins/precision.ts";
import recall from "../../plugins/recall.ts";

/** The plugins that come with the program, in the order of listings. Each is in plugins/ under its name. */
export const BUILTIN = [
  recall,
  hitRate,
  precision,
  ndcg,
  mrr,
  map,
  ild,
  novelty,
  popularity,
  coverage,
  mgu,
  mguList,
] as const;
