package console

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"loudou/model"
)

// registerMembers are the doors to what a bundle holds.
func (d *Door) registerMembers(api huma.API, op func(id, method, path, what string) huma.Operation) {
	add := op("addMember", "POST", "/courses/{id}/members", "Put a course at the end of a bundle; whoever has the bundle has it at once")
	add.DefaultStatus = http.StatusCreated
	verb(d, api, model.RightEdit, add, d.addMember)
	verb(d, api, model.RightEdit, op("orderMembers", "POST", "/courses/{id}/members/order", "Put a bundle's courses in another order"), d.orderMembers)
	verb(d, api, model.RightEdit, op("removeMember", "DELETE", "/courses/{id}/members/{course_id}", "Take a course out of a bundle; who has ordered the bundle keeps it"), d.removeMember)
	verb(d, api, model.RightRead, op("memberHolders", "GET", "/courses/{id}/holders", "How many people have the course or bundle: to be said before a course is taken out of it"), d.holders)
}

func (d *Door) addMember(ctx context.Context, in *struct {
	IDPath
	Body struct {
		CourseID int64 `json:"course_id" minimum:"1" maximum:"9007199254740991"`
	}
}) (*courseOut, error) {
	if err := d.Courses.AddMember(ctx, OperatorFrom(ctx), in.ID, in.Body.CourseID); err != nil {
		return nil, err
	}
	return d.wholeCourse(ctx, in.ID)
}

func (d *Door) orderMembers(ctx context.Context, in *struct {
	IDPath
	Body struct {
		CourseIDs []int64 `json:"course_ids" maxItems:"100" uniqueItems:"true" doc:"every course of the bundle once, in the new order"`
	}
}) (*courseOut, error) {
	if err := d.Courses.OrderMembers(ctx, OperatorFrom(ctx), in.ID, in.Body.CourseIDs); err != nil {
		return nil, err
	}
	return d.wholeCourse(ctx, in.ID)
}

func (d *Door) removeMember(ctx context.Context, in *struct {
	IDPath
	CourseID int64 `path:"course_id" minimum:"1" maximum:"9007199254740991"`
}) (*courseOut, error) {
	if err := d.Courses.RemoveMember(ctx, OperatorFrom(ctx), in.ID, in.CourseID); err != nil {
		return nil, err
	}
	return d.wholeCourse(ctx, in.ID)
}

type holdersOut struct {
	Body struct {
		People int64 `json:"people" doc:"who may open it now by a grant on itself; a bundle's may open its courses"`
	}
}

func (d *Door) holders(ctx context.Context, in *IDPath) (*holdersOut, error) {
	if _, err := d.Courses.Get(ctx, in.ID); err != nil {
		return nil, err
	}
	n, err := d.Grants.Holders(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &holdersOut{}
	out.Body.People = n
	return out, nil
}
