package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"loudou/config"
)

// serve runs the service until ctx ends.
func serve(ctx context.Context) error {
	cfg, err := settings(true)
	if err != nil {
		return err
	}
	return run(ctx, cfg, nil)
}

// run builds the house, opens the doors at once (the callback must answer even while the database is
// away), brings the schema up and starts the background. started, if not nil, is called when all is there.
// When ctx ends: doors close first and what is in hand is answered, then jobs end, then the rest.
func run(ctx context.Context, cfg config.Config, started func(context.Context, *house) error) error {
	h, err := build(cfg)
	if err != nil {
		return err
	}
	defer h.close()
	ln, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return fmt.Errorf("LOUDOU_ADDR: %w", err)
	}
	metricsLn, err := net.Listen("tcp", cfg.MetricsAddr)
	if err != nil {
		_ = ln.Close()
		return fmt.Errorf("LOUDOU_METRICS_ADDR: %w", err)
	}
	server := &http.Server{Handler: h.handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	metricsServer := &http.Server{Handler: h.metrics.handler(), ReadHeaderTimeout: 5 * time.Second, WriteTimeout: time.Minute}
	failed := make(chan error, 4)
	listen := func(s *http.Server, ln net.Listener) {
		if err := s.Serve(ln); err != nil && !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}
	go listen(server, ln)
	go listen(metricsServer, metricsLn)
	slog.Info("listening", "addr", ln.Addr().String(), "metrics", metricsLn.Addr().String(), "version", version)

	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := h.ready(ctx); err != nil {
			if ctx.Err() == nil {
				failed <- err
			}
			return
		}
		for _, step := range h.begin {
			if err := step(ctx); err != nil {
				failed <- err
				return
			}
		}
		for _, loop := range h.background {
			wg.Go(func() { loop(work) })
		}
		h.begun.Store(true)
		slog.Info("ready")
		if started != nil {
			if err := started(ctx, h); err != nil && ctx.Err() == nil {
				failed <- err
			}
		}
	})

	var cause error
	select {
	case <-ctx.Done():
		slog.Info("stopping")
	case cause = <-failed:
	}
	end, cancel := context.WithTimeout(context.Background(), 12*time.Second)
	defer cancel()
	if err := server.Shutdown(end); err != nil {
		slog.Warn("requests were cut off", "err", err)
		_ = server.Close()
	}
	stopWork()
	wg.Wait()
	_ = metricsServer.Close()
	slog.Info("stopped")
	return cause
}
