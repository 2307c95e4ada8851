// An actor that is told to close while it starts to listen, in each way there is, from before it listens until after it does.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { ExitGate } from '../../src/probe/exit-gate.js'
import { RawConnection } from '../contract/raw-connection.js'

interface StartingActor {
  close(): Promise<void>
  closeNow(): void
}

export interface Starting {
  readonly actor: StartingActor
  readonly gate: ExitGate
  /** Gives the port that is bound. */
  listen(): Promise<number>
}

const closes: readonly [what: string, close: (starting: Starting) => Promise<void> | void][] = [
  ['is closed', ({ actor }) => actor.close()],
  ['is closed at once', ({ actor }) => actor.closeNow()],
  ['finds its host closing', ({ gate }) => gate.requestClose()],
]

/** One test for each way, with `create` making actors that are to listen on a port. */
export function testEarlyCloses(
  title: string,
  create: (t: TestContext, port: number) => Promise<Starting>,
): void {
  for (const [what, close] of closes) {
    test(`${title} when it ${what}`, async (t) => {
      const probed = await create(t, 0)
      const port = await probed.listen()
      await probed.actor.close()
      // One turn of the loop more each time.
      for (let turns = 0; turns < 4; turns++) {
        const starting = await create(t, port)
        const { actor, gate } = starting
        let hasBound = false
        const listening = starting.listen().then(
          () => {
            hasBound = true
          },
          (error: { code: string }) => assert.equal(error.code, 'ERR_HEALTH_STOPPED'),
        )
        for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve))
        const wasBound = hasBound
        await close(starting)
        await listening
        if (wasBound) await actor.close()
        else assert.equal(hasBound, false)
        assert.equal(gate.isOpen, false)
        await assert.rejects(RawConnection.open(port), { code: 'ECONNREFUSED' })
      }
    })
  }
}
