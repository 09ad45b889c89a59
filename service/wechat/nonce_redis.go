package wechat

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

// RedisNonces shares the replay guard among all instances.
type RedisNonces struct{ Redis redis.UniversalClient }

// First keeps hash under key for ten minutes if the key is new, and returns the hash that holds now.
func (n RedisNonces) First(ctx context.Context, key, hash string) (string, error) {
	key = "loudou:push:" + key
	fresh, err := n.Redis.SetNX(ctx, key, hash, nonceKept).Result()
	if err != nil || fresh {
		return hash, err
	}
	held, err := n.Redis.Get(ctx, key).Result()
	if errors.Is(err, redis.Nil) { // it ended between the two
		return hash, nil
	}
	return held, err
}
