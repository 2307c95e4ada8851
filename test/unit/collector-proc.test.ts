// The parsers of /proc on captured text, odd lines included.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseDiskstats } from '../../examples/collector/proc/diskstats.js'
import { parseLoadavg } from '../../examples/collector/proc/loadavg.js'
import { parseMeminfo } from '../../examples/collector/proc/meminfo.js'
import { parseNetDev } from '../../examples/collector/proc/net-dev.js'
import { parseSelfIo } from '../../examples/collector/proc/self-io.js'
import { parseSelfStat } from '../../examples/collector/proc/self-stat.js'
import { parseStat } from '../../examples/collector/proc/stat.js'
import { ProcParseError } from '../../examples/collector/proc/text.js'

const STAT = `cpu  9096 7 4394 394592 1486 3 102 506 0 0
cpu0 3295 0 1619 199805 83 0 17 228 0 0
cpu1 5801 7 2775 194786 1402 3 85 278 0 0
intr 318736 0 0 0 0 412 83
ctxt 563468
btime 1795371560
processes 7202
procs_running 8
procs_blocked 1
softirq 196147 0 29513 4 6342 63035 0 3 60056 0 37194
`

describe('parseStat', () => {
  it('reads the times of all CPUs together and the counters', () => {
    assert.deepEqual(parseStat(STAT), {
      user: 9096,
      nice: 7,
      system: 4394,
      idle: 394592,
      iowait: 1486,
      irq: 3,
      softirq: 102,
      steal: 506,
      cpuCount: 2,
      contextSwitches: 563468,
      interrupts: 318736,
      forks: 7202,
      runningCount: 8,
      blockedCount: 1,
    })
  })

  it('takes columns that an old kernel does not have as zero', () => {
    const old = STAT.replace(
      'cpu  9096 7 4394 394592 1486 3 102 506 0 0',
      'cpu  9096 7 4394 394592',
    )
    const { idle, iowait, steal } = parseStat(old)
    assert.deepEqual([idle, iowait, steal], [394592, 0, 0])
  })

  it('skips lines of names that it does not know', () => {
    assert.equal(parseStat(`${STAT}frobnication 12 13\n\n`).cpuCount, 2)
  })

  it('reads the sum of an interrupt line with thousands of columns', () => {
    const long = STAT.replace('intr 318736', `intr 4294967296${' 17'.repeat(5000)}`)
    assert.equal(parseStat(long).interrupts, 4294967296)
  })

  it('refuses a negative time and shows the line', () => {
    assert.throws(() => parseStat(STAT.replace('cpu  9096', 'cpu  -1')), {
      name: 'ProcParseError',
      message: /stat: not a count: -1: "cpu {2}-1 7/,
    })
  })

  it('says which line is missing', () => {
    assert.throws(() => parseStat(STAT.replace(/^ctxt.*\n/m, '')), /stat: no ctxt line/)
    assert.throws(() => parseStat(''), /stat: no line of all CPUs/)
  })
})

describe('parseMeminfo', () => {
  const MEMINFO = `MemTotal:       24684096 kB
MemFree:        23939872 kB
MemAvailable:   24201044 kB
Active(anon):       1556 kB
HugePages_Total:       0
SwapTotal:             0 kB
`

  it('turns kB into bytes and leaves out what the kernel does not tell', () => {
    assert.deepEqual(parseMeminfo(MEMINFO), {
      totalBytes: 24684096 * 1024,
      freeBytes: 23939872 * 1024,
      availableBytes: 24201044 * 1024,
      swapTotalBytes: 0,
    })
  })

  it('refuses a field without its unit', () => {
    const text = MEMINFO.replace('23939872 kB', '23939872')
    assert.throws(() => parseMeminfo(text), /meminfo: not in kB: "MemFree: {8}23939872"/)
  })

  it('refuses a file without the total', () => {
    assert.throws(() => parseMeminfo('MemFree: 1 kB\n'), /meminfo: no MemTotal line/)
  })
})

describe('parseNetDev', () => {
  const HEADER = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
`

  it('reads each interface', () => {
    const text = `${HEADER}    lo:    3245      30    0    0    0     0          0         0     3245      30    0    0    0     0       0          0
  eth0: 200183243    5324    1    2    0     0          0         0   406540    3336    3    4    0     0       0          0
`
    assert.deepEqual(parseNetDev(text)[1], {
      name: 'eth0',
      receivedBytes: 200183243,
      receivedPackets: 5324,
      receiveErrors: 1,
      receiveDrops: 2,
      sentBytes: 406540,
      sentPackets: 3336,
      sendErrors: 3,
      sendDrops: 4,
    })
  })

  it('reads counters that leave no blank behind the colon, and an alias with a colon in its name', () => {
    const [wide] = parseNetDev(`${HEADER}eth0:1:18446744073 1 0 0 0 0 0 0 2 3 0 0 0 0 0 0\n`)
    assert.deepEqual([wide?.name, wide?.receivedBytes, wide?.sentBytes], ['eth0:1', 18446744073, 2])
  })

  it('reads a machine without interfaces as none', () => {
    assert.deepEqual(parseNetDev(HEADER), [])
  })

  it('refuses a line that is cut short', () => {
    assert.throws(() => parseNetDev(`${HEADER} eth0: 1 2 3\n`), /net\/dev: too few columns/)
  })
})

describe('parseDiskstats', () => {
  it('reads devices with the columns of old and of new kernels', () => {
    const text = `   8       0 sda 10 1 80 5 20 2 160 6 1 7 11
 254       0 vda 61781 8346 4340914 45353 7283 11447 1103032 5389 0 18812 51154 3525 59 167256 386 367 25
`
    const [old, current] = parseDiskstats(text)
    assert.deepEqual(old, {
      name: 'sda',
      reads: 10,
      readBytes: 80 * 512,
      readMs: 5,
      writes: 20,
      writtenBytes: 160 * 512,
      writeMs: 6,
      inFlightCount: 1,
      busyMs: 7,
    })
    assert.equal(current?.writtenBytes, 1103032 * 512)
  })

  it('leaves out devices that were never used', () => {
    assert.deepEqual(parseDiskstats('   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n'), [])
  })

  it('refuses the short lines that kernels before 2.6.25 wrote for partitions', () => {
    assert.throws(() => parseDiskstats('   3    1 hda1 35486 38030 38030 38030\n'), ProcParseError)
  })
})

describe('parseLoadavg', () => {
  it('reads averages and threads', () => {
    assert.deepEqual(parseLoadavg('0.69 0.22 10.10 5/106 7214\n'), {
      load1: 0.69,
      load5: 0.22,
      load15: 10.1,
      runnableCount: 5,
      threadCount: 106,
    })
  })

  it('refuses an empty file and words that are no averages', () => {
    assert.throws(() => parseLoadavg(''), ProcParseError)
    assert.throws(() => parseLoadavg('nan 0.22 0.10 5/106 7214\n'), /loadavg: not an average: nan/)
    assert.throws(() => parseLoadavg('0.69 0.22 0.10\n'), /loadavg: too few columns/)
  })
})

describe('parseSelfStat', () => {
  const fields = (name: string) =>
    `7215 (${name}) R 7197 7197 3119 0 -1 4194304 100 0 9 0 11 12 0 0 20 0 13 0 205601 3133440 383 18446744073709551615 9\n`

  it('reads a process', () => {
    assert.deepEqual(parseSelfStat(fields('node')), {
      pid: 7215,
      state: 'R',
      minorFaults: 100,
      majorFaults: 9,
      userTime: 11,
      systemTime: 12,
      threadCount: 13,
      virtualBytes: 3133440,
      residentPages: 383,
    })
  })

  it('is not led astray by blanks and brackets in the name', () => {
    assert.deepEqual(parseSelfStat(fields('a ) S 1 (b')), parseSelfStat(fields('node')))
  })

  it('refuses text without a name', () => {
    assert.throws(() => parseSelfStat('7215 node R 1\n'), /self\/stat: no process name/)
  })
})

describe('parseSelfIo', () => {
  it('reads the counters and skips what it does not know', () => {
    const text =
      'rchar: 6976\nwchar: 1\nsyscr: 10\nsyscw: 2\nread_bytes: 3\nwrite_bytes: 4\ncancelled_write_bytes: 0\n'
    assert.deepEqual(parseSelfIo(text), {
      readBytes: 6976,
      writtenBytes: 1,
      readCalls: 10,
      writeCalls: 2,
      deviceReadBytes: 3,
      deviceWrittenBytes: 4,
    })
  })

  it('says which counter is missing', () => {
    assert.throws(() => parseSelfIo('rchar: 6976\n'), /self\/io: no wchar line/)
  })
})
