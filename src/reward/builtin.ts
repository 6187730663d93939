import calibration from "../../plugins/calibration.ts";
import coverage from "../../plugins/coverage.ts";
import dcg from "../../plugins/dcg.ts";
import dgu from "../../plugins/dgu.ts";
import divRatio from "../../plugins/div-ratio.ts";
import efd from "../../plugins/efd.ts";
import entropy from "../../plugins/entropy.ts";
import epc from "../../plugins/epc.ts";
import exposure from "../../plugins/exposure.ts";
import fBeta from "../../plugins/f-beta.ts";
import gini from "../../plugins/gini.ts";
import hitRate from "../../plugins/hit-rate.ts";
import ild from "../../plugins/ild.ts";
import longTail from "../../plugins/long-tail.ts";
import map from "../../plugins/map.ts";
import mgu from "../../plugins/mgu.ts";
import mguList from "../../plugins/mgu-list.ts";
import mrr from "../../plugins/mrr.ts";
import ndcg from "../../plugins/ndcg.ts";
import novelty from "../../plugins/novelty.ts";
import orRatio from "../../plugins/or-ratio.ts";
import popReo from "../../plugins/pop-reo.ts";
import popRsp from "../../plugins/pop-rsp.ts";
import popularity from "../../plugins/popularity.ts";
import precision from "../../plugins/precision.ts";
import rPrecision from "../../plugins/r-precision.ts";
import recall from "../../plugins/recall.ts";
import serendipity from "../../plugins/serendipity.ts";
import userGap from "../../plugins/user-gap.ts";

/** The plugins that come with the program, in the order of listings. Each is in plugins/ under its name. */
export const BUILTIN = [
  recall,
  hitRate,
  precision,
  rPrecision,
  fBeta,
  ndcg,
  dcg,
  mrr,
  map,
  serendipity,
  epc,
  efd,
  ild,
  novelty,
  popularity,
  longTail,
  mguList,
  coverage,
  gini,
  entropy,
  divRatio,
  orRatio,
  mgu,
  dgu,
  calibration,
  exposure,
  popRsp,
  popReo,
  userGap,
] as const;
