#!/usr/bin/env node
await import('../dist/net/main.js')
