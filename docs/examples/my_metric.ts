import { defineMetric } from "blade";

/** The plugin of the README: a list metric in its easy form. */
export default defineMetric({
  name: "hidden-gems",
  summary: "Share of the list that fewer than `below` people have met in training.",
  kind: "list",
  options: { below: 20 },
  range: [0, 1],
  direction: "maximize",
  needs: ["popularity"],
  score: (slate, _context, { popularity }, { below }) =>
    slate.filter((item) => popularity.users[item]! < below).length / slate.length,
});
