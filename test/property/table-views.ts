// What readers of the region are shown, held against the model: snapshots, glances, verdicts, and the journal.
import assert from 'node:assert/strict'
import { JournalReader } from '../../src/memory/journal.js'
import type { Region } from '../../src/memory/region.js'
import { TableReader, watch } from '../../src/memory/table-reader.js'
import type { ComponentStatus } from '../../src/model/report.js'
import type { Transition } from '../../src/model/transition.js'
import { HealthReader } from '../../src/runtime/health-reader.js'
import { pairsOf } from './support.js'
import type { TableModel } from './table-model.js'

const POLICY = {
  liveness: ['collector_manager'],
  readiness: ['collector_manager', 'dakr_transport'],
  unregistered: 'fail',
} as const

/** Readers that live as long as the program, so that whatever they cache must be right again and again. */
export class TableViews {
  readonly #region: Region
  readonly #model: TableModel
  readonly #reader: TableReader
  readonly #health: HealthReader
  readonly #journal: JournalReader
  #transitionsRead = 0

  constructor(region: Region, model: TableModel) {
    this.#region = region
    this.#model = model
    this.#reader = new TableReader(region, 0)
    this.#health = new HealthReader(region, POLICY, 0)
    this.#journal = new JournalReader(region, 'oldest')
  }

  read(): void {
    const { report, control } = this.#reader.snapshot()
    assert.deepEqual([...report].map(toComparable), this.#model.report())
    assert.equal(report.size, this.#model.components.size)
    for (const [name, { counts }] of this.#model.components) {
      assert.deepEqual(this.#reader.transitions(name), counts, name)
    }
    const { isStandby, livenessDeadline, readinessDeadline } = this.#model
    assert.equal(control.isStandby, isStandby)
    assert.equal(control.livenessDeadline, livenessDeadline)
    assert.equal(control.readinessDeadline, readinessDeadline)
    const fresh = new TableReader(this.#region, 0).snapshot()
    assert.deepEqual([...fresh.report].map(toComparable), [...report].map(toComparable))
    this.#readVerdicts()
    this.readJournal()
  }

  /** Deadlines of the programs are long past or far away, so any time in between gives the same verdict. */
  #readVerdicts(): void {
    const liveness = this.#model.livenessError(1e6)
    const readiness = this.#model.readinessError(1e6)
    assert.equal(this.#health.livenessCheck()?.message, liveness)
    assert.equal(this.#health.readinessCheck()?.message, readiness)
    assert.equal(this.#health.checkLiveness().error?.message, liveness)
    assert.equal(this.#health.checkReadiness().error?.message, readiness)
  }

  glance(names: readonly string[]): void {
    const { statuses, control } = this.#reader.glance(names.map(watch))
    assert.equal(control.isStandby, this.#model.isStandby)
    const report = new Map(this.#model.report())
    for (const [i, name] of names.entries()) {
      const status = statuses[i]
      assert.deepEqual(status && toComparable([name, status])[1], report.get(name), name)
    }
  }

  readJournal(): void {
    const { transitions } = this.#model
    for (let next = this.#journal.next(); next !== undefined; next = this.#journal.next()) {
      if ('missed' in next) {
        this.#transitionsRead += next.missed
        continue
      }
      const expected = { ...transitions[this.#transitionsRead++], number: this.#transitionsRead }
      assert.deepEqual(toComparableEntry(next), expected)
    }
    assert.equal(this.#transitionsRead, transitions.length)
  }
}

function toComparable([name, status]: readonly [string, ComponentStatus]) {
  return [name, { ...status, metadata: pairsOf(status.metadata) }]
}

function toComparableEntry(entry: Transition) {
  return { ...entry, metadata: pairsOf(entry.metadata) }
}
