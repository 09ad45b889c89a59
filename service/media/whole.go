package media

import (
	"context"
	"fmt"
	"io"

	"loudou/model"
)

// Picture gives the row and bytes of a public picture at an address of ours. ErrNotFound, ErrInvalid when it is none.
func (s *Service) Picture(ctx context.Context, address string) (model.Media, []byte, error) {
	m, err := s.Find(ctx, model.MediaName(address))
	if err != nil {
		return m, nil, err
	}
	if m.Kind != model.MediaImage || !m.Public {
		return m, nil, refuse("这不是一张公开的图片")
	}
	b, err := s.Bytes(m)
	if err != nil {
		return m, nil, err
	}
	return m, b, nil
}

// Bytes reads the file of m whole: only for what is known to be small.
func (s *Service) Bytes(m model.Media) ([]byte, error) {
	f, err := s.File(m)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, limits[model.MediaImage]+1))
	if err != nil {
		return nil, fmt.Errorf("media %s: %w", m.Name, err)
	}
	return b, nil
}
