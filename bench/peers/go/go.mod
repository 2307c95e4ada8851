module health-peer

go 1.21
