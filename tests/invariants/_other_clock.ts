/**
 * Loaded before the program: a clock of the day that is set while the run goes on, back a day, on a week, and so forth at
 * every look. Steady clocks are as they are.
 */
const now = Date.now, RealDate = Date, DAY = 24 * 3600 * 1000;
let looks = 0;
const wrong = () => now() + (looks++ % 2 === 0 ? 7 * DAY : -DAY);
globalThis.Date = new Proxy(RealDate, {
  construct: (target, given, as) => Reflect.construct(target, given.length === 0 ? [wrong()] : given, as),
  get: (target, name) => name === "now" ? wrong : Reflect.get(target, name),
});
