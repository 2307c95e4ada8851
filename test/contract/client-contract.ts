// What every transport must make of its clients: how it bounds them, and what it makes of what they send and take.
import type { ListenerLimits, ProbeHandler, ProbeListener } from '../../src/probe/listener.js'
import { describeLimits } from './limits-contract.js'
import { RawConnection } from './raw-connection.js'
import { describeStreams } from './stream-contract.js'
import { type Listen, PATIENT } from './support/clients.js'
import { Echo } from './support/echo.js'
import { describeUnsentBodies } from './unsent-contract.js'

export function describeClientContract(
  name: string,
  createListener: (handler: ProbeHandler, limits: ListenerLimits) => ProbeListener,
  openConnection = (port: number) => RawConnection.open(port),
): void {
  const listen: Listen = async (t, limits, echo: Pick<Echo, 'handler'> = new Echo()) => {
    const listener = createListener(echo.handler, { ...PATIENT, ...limits })
    t.after(() => listener.stop())
    const { port } = await listener.start('127.0.0.1', 0)
    const open = async () => {
      const connection = await openConnection(port)
      t.after(() => connection.close())
      return connection
    }
    return { open, stop: () => listener.stop() }
  }
  describeLimits(name, listen)
  describeStreams(name, listen)
  describeUnsentBodies(name, listen)
}
