/** What became of a record. */
export type Outcome = 'applied' | 'ignored' | 'superseded' | 'refused'
