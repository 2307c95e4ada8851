// The clock of deadlines, apart from what is measured by it.

/** Ms on the clock that all threads of the process share and that no adjustment of the wall clock moves. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e3 + nanoseconds / 1e6
}
