// The policy of tests that work on a region by themselves.
import type { Policy } from '../src/model/policy.js'

export const TEST_POLICY: Policy = {
  liveness: ['a'],
  readiness: ['a', 'b'],
  unregistered: 'fail',
}
