package main

import (
	"context"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"loudou/model"
	"loudou/service/event"
	"loudou/service/job"
)

// metrics is the registry behind /metrics. Labels are routes and statuses, never people.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "loudou_request_seconds", Help: "answered requests", Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 4.5, 10},
	}, []string{"route", "method", "status"})}
	m.registry.MustRegister(m.requests, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) request(route, method string, status int, d time.Duration) {
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Observe(d.Seconds())
}

// events tells what the taking in of events does.
func (m *metrics) events(s *event.Service) {
	count := func(name, help string, n *atomic.Int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(n.Load()) })
	}
	m.registry.MustRegister(
		count("loudou_events_accepted_total", "events stored", &s.Accepted),
		count("loudou_events_duplicate_total", "events that were there already", &s.Duplicates),
		count("loudou_event_batches_folded_total", "batches added to the roll-ups", &s.Folded),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "loudou_event_requests_waiting", Help: "requests in the committers' queue"}, func() float64 { return float64(s.Waiting()) }),
	)
}

// jobs tells how many jobs are dead. While the database is away it is the number last known: a collector must not wait.
func (m *metrics) jobs(s *job.Service) {
	var known atomic.Int64
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "loudou_jobs_dead", Help: "jobs that a person has to look at, of all instances; above zero: raise an alarm"}, func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if n, err := s.Count(ctx, model.JobDead); err == nil {
			known.Store(n)
		}
		return float64(known.Load())
	}))
}

func (m *metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}
