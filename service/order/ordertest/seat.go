package ordertest

import "loudou/model"

// seats compares what a course counts as taken with the orders that hold a seat.
func (c *checker) seats() error {
	if !c.tx.Migrator().HasTable("courses") {
		return nil
	}
	var courses []model.Course
	if err := c.tx.Omit("intro").Find(&courses).Error; err != nil {
		return err
	}
	held := map[int64]int64{}
	for _, o := range c.orders {
		if o.Seat && o.Status.HoldsSeat() {
			held[o.CourseID]++
		}
	}
	for _, x := range courses {
		if x.SeatsTaken != held[x.ID] {
			c.say("course %d counts %d seats taken, %d orders hold one", x.ID, x.SeatsTaken, held[x.ID])
		}
	}
	return nil
}
